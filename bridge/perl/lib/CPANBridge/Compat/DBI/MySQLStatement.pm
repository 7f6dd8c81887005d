package CPANBridge::Compat::DBI::MySQLStatement;

use strict;
use warnings;

use Carp ();

use CPANBridge::Compat::DBI::MySQLAsync;
use CPANBridge::Compat::DBI::MySQLTypes;
use CPANBridge::Compat::DBI::Remote;

our $VERSION = '0.1.0';

$Carp::Internal{$_}++ for __PACKAGE__, 'CPANBridge::Compat::DBI::MySQL::st';

package    # not to be indexed
  CPANBridge::Compat::DBI::MySQL::st;

use strict;
use warnings;

our @ISA = ( 'CPANBridge::Compat::DBI::MySQLAsync', 'CPANBridge::Compat::DBI::Remote::st' );

# The client library's numbers of "illegal parameter number" and "not implemented", and the server's of a wrong number of values.
my ( $ILLEGAL_NUMBER, $NOT_IMPLEMENTED, $WRONG_COUNT ) = ( 2034, 2054, 1210 );

my %NUMERIC = map { ( $_ => 1 ) } -7 .. -5, 2 .. 8;
my %BYTES   = map { ( $_ => 1 ) } -2, -3, -4, 30;

sub _call { goto &CPANBridge::Compat::DBI::MySQLAsync::call }

sub _takes_arrays { return 1 }

# What cannot be done to a statement that runs, and what waits for its end. Our own part of such a method has its name with
# an underscore before it.
for my $name (qw(bind_param bind_param_inout bind_param_array execute_array execute_for_fetch bind_col bind_columns)) {
    my $code = __PACKAGE__->can("_$name") || "SUPER::$name";
    no strict 'refs';
    *$name = sub {
        my ( $sth, @given ) = @_;
        return $sth->{_is_running} ? $sth->_refuse : $sth->$code(@given);
    };
}
for my $name (qw(fetch fetchrow_hashref fetchall_arrayref fetchall_hashref finish rows more_results last_insert_id)) {
    my $code = __PACKAGE__->can("_$name") || "SUPER::$name";
    no strict 'refs';
    *$name = sub {
        my ( $sth, @given ) = @_;
        return if $sth->{_is_running} && !CPANBridge::Compat::DBI::MySQLAsync::collect($sth);
        return $sth->$code(@given);
    };
}

sub _bind_param {
    my ( $sth, $number, $value, $attributes ) = @_;
    my $type = ref $attributes eq 'HASH' ? $attributes->{TYPE} : $attributes;
    if ( !defined $number || $number !~ /\A\d+\z/ || $number < 1 || $number > @{ $sth->{_names} } ) {
        return $sth->set_err( $ILLEGAL_NUMBER, 'Illegal parameter number', 'HY000' );
    }
    if ( defined $value && $type ) {
        $value = "$value" if !ref $value;    # whatever it is tied to is asked once
        return $sth->set_err( $ILLEGAL_NUMBER, "Binding non-numeric field $number, value '$value' as a numeric!", 'HY000' )
          if $NUMERIC{$type} && $value !~ /\A\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*\z/;
        Carp::croak('Wide character in bind_param') if $BYTES{$type} && $sth->{Database}{_unicode} && !utf8::downgrade( my $bytes = $value, 1 );
    }
    return $sth->SUPER::bind_param( $number, $value, $type );
}

sub _bind_param_inout { my ($sth) = @_; return $sth->set_err( $NOT_IMPLEMENTED, 'Output parameters not implemented', 'HY000' ) }

sub execute {
    my ( $sth, @values ) = @_;
    my $dbh = $sth->{Database};
    return $sth->_refuse if $dbh->{_running};
    $dbh->_is_open or return;
    if ( !@values && $dbh->{_prefix} eq 'mariadb' && grep { !$sth->{_params}[$_] } 0 .. $#{ $sth->{_names} } ) {
        return $sth->set_err( $WRONG_COUNT, 'Wrong number of bind parameters', 'HY000' );
    }
    delete $sth->{_outcome};
    $dbh->_tell_folder( $sth->{Statement} ) or return;

    # Within a method of the database handle's, such as selectrow_array, the outcome is needed at once.
    if ( $sth->{_async} && !$dbh->{_depth} ) {
        $sth->_is_prepared or return;
        return CPANBridge::Compat::DBI::MySQLAsync::start( $sth, @values );
    }
    my $arguments = $sth->_arguments(@values) or return;
    $arguments->{by_column} = \1 if $dbh->{_by_column};
    my $answer = $dbh->_persistently(
        sub {
            $sth->_is_prepared or return;
            return $sth->_call( execute => { %$arguments, statement => $sth->{_statement} } );
        }
    );
    if ( !$answer ) { $sth->{_count} = -1; return }
    my $result = $sth->_take($answer);
    $sth->{_outcome} = $result if $sth->{_async};
    return $result;
}

# After the handle has connected again its statements have to be prepared again.
sub _is_prepared {
    my ($sth) = @_;
    my $dbh = $sth->{Database};
    return 1 if $sth->{_of} == $dbh->{_connection};
    my $about = $dbh->_prepared( $sth->{Statement}, $sth->{_how} ) or return;
    @$sth{qw(_statement _of)} = ( $about->{statement}, $dbh->{_connection} );
    return 1;
}

sub _take {
    my ( $sth, $answer ) = @_;
    @$sth{qw(_about _results _own_insert_id _own_warnings)} =
      ( $answer->{columns} ? $answer : undef, $answer->{results}, $answer->{insert_id} || $sth->{_own_insert_id}, $answer->{warnings} );
    local $sth->{Database}{_ends} = ( $sth->{Statement} || '' ) =~ /\A\s*(?:COMMIT|ROLLBACK)\b/i;
    my $result = $sth->SUPER::_take($answer);
    $sth->STORE( Active => 1 ) if $answer->{results};
    return $result;
}

sub _columns {
    my ( $sth, $answer ) = @_;
    return $sth->SUPER::_columns($answer) if $answer->{columns};
    $sth->_forget_columns;
    $sth->STORE( NUM_OF_FIELDS => 0 ) if defined $sth->{NUM_OF_FIELDS};
    return;
}

sub _forget_columns {
    my ($sth) = @_;
    delete @$sth{ '_about', '_fbav', grep {/\ANAME/} keys %$sth };
    return;
}

# The server tells of the columns when it prepares the statement or executes it.
sub _describe { return }

sub _not_active {
    my ($sth) = @_;
    return if $sth->{_about} && defined $sth->{_count};
    return $sth->set_err( 2000, 'fetch() without execute()', 'HY000' );
}

# Blanks belong to bytes.
sub _convert {
    my ( $sth, $row ) = @_;
    return if !$sth->{ChopBlanks};
    defined && s/ +\z// for @$row[ @{ $sth->{_about}{text} ||= [ CPANBridge::Compat::DBI::MySQLTypes::text_columns( $sth->{_about} ) ] } ];
    return;
}

sub _more_results {
    my ($sth) = @_;
    return if !$sth->{_results} && !$sth->{_more};
    $sth->_let_go;
    my $answer = $sth->_call( next_result => { statement => $sth->{_statement} } );
    $sth->_forget_columns;
    delete @$sth{qw(_rows _blocks _block _fast _more _results)};
    $sth->STORE( Active => 0 );
    if ( !ref $answer ) {
        $sth->{_count} = -1;
        $sth->_columns( {} );
        return;
    }
    my $result = $sth->_take($answer);
    $sth->{_outcome} = $result if $sth->{_async};
    return 1;
}

# Results that nobody has asked for are taken in.
sub _finish {
    my ($sth) = @_;
    $sth->{_more} = 1 if delete $sth->{_results};
    return $sth->SUPER::finish;
}

sub _last_insert_id { my ($sth) = @_; return $sth->{_own_insert_id} }

my %ATTRIBUTE = (
    insertid                        => sub { $_[0]{_own_insert_id} },
    warning_count                   => sub { $_[0]{_own_warnings} || 0 },
    sock                            => sub { $_[0]{Database}{_link} ? $_[0]{_statement} : 0 },
    server_prepare                  => sub { $_[0]{_how}{on_server} ? 1 : '' },
    server_prepare_disable_fallback => sub { $_[0]{_how}{fallback} ? '' : 1 },
    async                           => sub { $_[0]{_async} ? 1 : '' },
    use_result                      => sub { $_[0]{mariadb_use_result} ? 1 : '' },
);

sub FETCH {
    my ( $sth, $name ) = @_;
    if ( $name eq 'Active' ) {
        $sth->STORE( Active => 0 ) if $sth->{Active} && $sth->{_rows} && !$sth->_has_row && !$sth->{_more} && !$sth->{_results};
        return $sth->{Active};
    }
    my ( $own, $what ) = $name =~ /\A((?:mysql|mariadb)_)?(\w+)\z/;
    if ( ( $own || $name =~ /\A[TNPS]/ ) && CPANBridge::Compat::DBI::MySQLTypes::is_of_columns($what) ) {
        return $sth->{_about} ? CPANBridge::Compat::DBI::MySQLTypes::attribute( $sth->{_about}, $what ) : undef;
    }
    return $ATTRIBUTE{$what}->($sth) if $own && $ATTRIBUTE{$what};
    return $sth->{Database}->_unknown_of( $sth, $name, 'FETCH' ) if $sth->{Database}->_is_unknown($name);
    return $sth->SUPER::FETCH($name);
}

sub STORE {
    my ( $sth, $name, $value ) = @_;
    if ( $name eq 'mariadb_use_result' || $name eq 'mysql_use_result' ) { $sth->{mariadb_use_result} = $value; return 1 }
    return $sth->{Database}->_unknown_of( $sth, $name, 'STORE' ) if $name !~ /\A[A-Z_]/ && $sth->{Database}->_is_unknown($name);
    return $sth->SUPER::STORE( $name, $value );
}

# A statement that runs has to end before the connection can be used for another.
sub DESTROY {
    my ($sth) = @_;
    my $dbh = $sth->{Database};
    if ( $sth->{_is_running} && $dbh->{_link} && CPANBridge::Compat::DBI::Remote::db::_is_mine($dbh) ) {
        $dbh->{_running} = $sth->{_is_running} = 0;
        eval { $dbh->{_link}->call( database => 'result', { connection => $dbh->{_connection} } ) };
    }
    return $sth->SUPER::DESTROY;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::MySQLStatement - statement handles of MariaDB and MySQL databases

=head1 DESCRIPTION

Used by the replacements of L<DBD::MariaDB> and L<DBD::mysql>; programs have no need of it. What the methods do for programs is described
in L<DBI>.

=head1 METHODS

=head2 execute

=head2 STORE

=head2 FETCH

=cut
