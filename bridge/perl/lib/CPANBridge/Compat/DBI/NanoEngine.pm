package CPANBridge::Compat::DBI::NanoEngine;

use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use CPANBridge::Compat::DBI::NanoParser;

our $VERSION = '0.1.0';

$Carp::Internal{$_}++ for qw(DBI::SQL::Nano::Statement_ DBI::SQL::Nano::Table_);

# A statement. Whoever inherits from it has a method open_table that returns a table.

package    # not to be indexed
  DBI::SQL::Nano::Statement_;

use strict;
use warnings;

sub new {
    my ( $class, $sql ) = @_;
    my $self = bless {}, $class;
    return $self->prepare($sql);
}

sub prepare {
    my ( $self, $sql ) = @_;
    $sql = '' if !defined $sql;
    %$self = %{ CPANBridge::Compat::DBI::NanoParser->parse($sql) };
    return $self;
}

sub command { return $_[0]{command} }

sub params {
    my ( $self, $number ) = @_;
    return $self->{params}[$number] if defined $number;
    return wantarray ? @{ $self->{params} } : scalar @{ $self->{params} };
}

sub errstr { return $_[0]{errstr} }

sub open_table { Carp::croak( 'Abstract method ' . ref( $_[0] ) . '::open_table called' ) }

sub open_tables {
    my ( $self, $data, $create, $lock ) = @_;
    return $self->open_table( $data, $self->{table_name}, $create, $lock );
}

# Returns the number of rows. What was selected is in data, the columns' names in NAME.
sub execute {
    my ( $self, $data, $params ) = @_;
    $params ||= [];
    my $wanted = @{ $self->{params} };
    die 'The statement has ' . ( $wanted == 1 ? '1 placeholder' : "$wanted placeholders" ) . ", but there are " . @$params . " values for them\n"
      if @$params != $wanted;
    my $command = $self->{command};
    delete @$self{qw(data NAME)};
    $self->{NUM_OF_FIELDS} = 0;
    $self->{NUM_OF_ROWS}   = $self->$command( $data, $params );
    return $self->{NUM_OF_ROWS} || '0E0';
}

sub fetch_row { my ($self) = @_; return shift @{ $self->{data} || [] } }

sub fetch { my ($self) = @_; return $self->fetch_row }

sub fetch_rows { my ($self) = @_; return [ splice @{ $self->{data} || [] } ] }

sub CREATE {
    my ( $self, $data ) = @_;
    my $table = $self->open_tables( $data, 1, 1 );
    $table->push_names( $data, [ @{ $self->{column_names} } ] );
    return 0;
}

sub DROP {
    my ( $self, $data ) = @_;
    my $table;
    if ( !eval { local $SIG{__DIE__}; $table = $self->open_tables( $data, 0, 1 ); 1 } ) {
        my $why = $@;
        my $missing = $why =~ /Cannot open .*\((\d+)\)/s && do { local $! = $1; $!{ENOENT} };
        return -1 if $self->{ignore_missing_table} && $missing;
        die $why;
    }
    $table->drop($data);
    return -1;
}

sub INSERT {
    my ( $self, $data, $params ) = @_;
    my $table     = $self->open_tables( $data, 0, 1 );
    my $number_of = _numbers($table);
    my $count     = @{ $table->col_names };
    my @at        = map { _number_of( $number_of, $_ ) } @{ $self->{column_names} };
    @at = 0 .. $count - 1 if !@at;
    my @rows;
    for my $values ( @{ $self->{values} } ) {
        die "The table has $count columns, but there are " . @$values . " values\n" if @$values > @at || @$values < @at;
        my @row = (undef) x $count;
        @row[@at] = map { scalar $_->{code}->( [], {}, $params ) } @$values;
        push @rows, \@row;
    }
    if ( $table->capability('insert_new_row') ) { $table->insert_new_row( $data, $_ ) for @rows }
    else {
        $table->seek( $data, 0, 2 );
        $table->push_row( $data, $_ ) for @rows;
    }
    return scalar @rows;
}

sub DELETE {
    my ( $self, $data, $params ) = @_;
    my $table = $self->open_tables( $data, 0, 1 );
    my ( $gone, $kept ) = $self->_divide( $table, $data, $params );
    return 0 if !@$gone;
    if    ( $table->capability('delete_one_row') )     { $table->delete_one_row( $data, $_ )     for @$gone }
    elsif ( $table->capability('delete_current_row') ) { $table->delete_current_row( $data, $_ ) for @$gone }
    else                                               { _rewrite( $table, $data, $kept ) }
    return scalar @$gone;
}

sub UPDATE {
    my ( $self, $data, $params ) = @_;
    my $table     = $self->open_tables( $data, 0, 1 );
    my $number_of = _numbers($table);
    my @at        = map { _number_of( $number_of, $_ ) } @{ $self->{column_names} };
    my ( $changed, undef, $all ) = $self->_divide( $table, $data, $params );
    return 0 if !@$changed;
    my @pairs;
    for my $row (@$changed) {
        my @old = @$row;
        @$row[@at] = map { scalar $_->{code}->( \@old, $number_of, $params ) } @{ $self->{values} };
        push @pairs, [ $row, \@old ];
    }
    if    ( $table->capability('update_specific_row') ) { $table->update_specific_row( $data, @$_ ) for @pairs }
    elsif ( $table->capability('update_one_row') )      { $table->update_one_row( $data, $_->[0] ) for @pairs }
    else                                                { _rewrite( $table, $data, $all ) }
    return scalar @pairs;
}

# Nothing is written before every row has been read and computed: an error on the way leaves the table as it is.
sub _rewrite {
    my ( $table, $data, $rows ) = @_;
    $table->seek( $data, 0, 0 );
    $table->push_row( $data, $_ ) for @$rows;
    $table->truncate($data);
    return;
}

# Returns the rows that the condition is true of, the others, and all.
sub _divide {
    my ( $self, $table, $data, $params ) = @_;
    my $number_of = _numbers($table);
    my $condition = $self->{where_clause};
    my ( @matching, @others, @all );
    my ( $row, $final ) = $self->_look_up( $table, $params );
    return ( [ $row || () ], [], [ $row || () ] ) if $final;
    while ( my $row = $table->fetch_row($data) ) {
        my @row = @$row;
        my $matches = !$condition || $condition->{code}->( \@row, $number_of, $params );
        push @{ $matches ? \@matching : \@others }, \@row;
        push @all, \@row;
    }
    return ( \@matching, \@others, \@all );
}

# A row by its key, and whether there can be no other.
sub _look_up {
    my ( $self, $table, $params ) = @_;
    my $key = $self->_key( $table, $params );
    return if !defined $key;
    my $row = $table->fetch_one_row( 0, $key );

    # 7 is equal to 7.0 and 07, too: what was not found may be there in another form.
    return ( $row && [@$row], $row || !Scalar::Util::looks_like_number($key) );
}

# The key where the condition is an equation with it and the table can look up a row by it.
sub _key {
    my ( $self, $table, $params ) = @_;
    my $condition = $self->{where_clause};
    return if !$condition || !$condition->{key_value} || !$table->can('fetch_one_row');
    my $column = $table->fetch_one_row(1);
    return if !defined $column || lc $condition->{key_column} ne lc $column;
    return $condition->{key_value}->( [], {}, $params );
}

sub _numbers {
    my ($table) = @_;
    my $names = $table->col_names || [];
    my %number_of;
    for my $at ( reverse 0 .. $#$names ) {
        my $name = $names->[$at];
        $number_of{ lc $name } = $at;
    }
    $number_of{ $names->[$_] } = $_ for reverse 0 .. $#$names;
    return \%number_of;
}

sub _number_of {
    my ( $number_of, $name ) = @_;
    my $number = exists $number_of->{$name} ? $number_of->{$name} : $number_of->{ lc $name };
    die "No such column '$name'\n" if !defined $number;
    return $number;
}

sub SELECT {
    my ( $self, $data, $params ) = @_;
    my $table     = $self->open_tables( $data, 0, 0 );
    my $number_of = _numbers($table);
    my ( @names, @values );
    for my $column ( @{ $self->{selected} } ) {
        my ( $name, $value ) = @$column;
        if ( !$value ) {
            my $all = $table->col_names || [];
            push @names, @$all;
            push @values, 0 .. $#$all;
        }
        elsif ( defined $value->{column} ) {
            push @names,  $name;
            push @values, _number_of( $number_of, $value->{column} );
        }
        else {
            push @names,  $name;
            push @values, $value->{code};
        }
    }
    my $plain = !grep {ref} @values;
    my $made =
      $plain
      ? sub { return [ @{ $_[0] }[@values] ] }
      : sub { my ($row) = @_; return [ map { ref $_ ? scalar $_->( $row, $number_of, $params ) : $row->[$_] } @values ] };
    my $condition = $self->{where_clause};
    my ( @data, @sources );
    my ( $found, $final ) = $self->_look_up( $table, $params );
    while ( my $row = $final ? $found : $table->fetch_row($data) ) {
        if ( !$condition || $condition->{code}->( $row, $number_of, $params ) ) {
            push @data, $made->($row);
            push @sources, [@$row] if $self->{order_clause};
        }
        last if $final;
    }
    if ( $self->{order_clause} ) {
        my @results = map { [ $data[$_], $sources[$_] ] } 0 .. $#data;
        $self->_order( \@results, \@names, $number_of );
        @data = map { $_->[0] } @results;
    }
    if ( $self->{distinct} ) {
        my %seen;
        @data = grep { !$seen{ join "\0", map { defined $_ ? "=$_" : '' } @$_ }++ } @data;
    }
    if ( defined $self->{limit} ) {
        splice @data, 0, $self->{offset} || 0;
        $#data = $self->{limit} - 1 if @data > $self->{limit};
    }
    $self->{data}          = \@data;
    $self->{NAME}          = \@names;
    $self->{NUM_OF_FIELDS} = @names;
    return scalar @data;
}

# By what is selected (its name or number) or by any other column.
sub _order {
    my ( $self, $results, $names, $number_of ) = @_;
    my %selected;
    $selected{ lc $names->[$_] } = $_ for reverse 0 .. $#$names;
    my @keys;
    for my $order ( @{ $self->{order_clause} } ) {
        my ( $name, $desc ) = @$order;
        my ( $from, $at ) =
            $name =~ /\A\d+\z/            ? ( 0, $name - 1 )
          : defined $selected{ lc $name } ? ( 0, $selected{ lc $name } )
          :                                 ( 1, _number_of( $number_of, $name ) );
        die "ORDER BY $name: there are " . @$names . " columns\n" if !$from && ( $at < 0 || $at > $#$names );
        push @keys, [ $from, $at, $desc ];
    }
    @$results = sort {
        my $order = 0;
        for my $key (@keys) {
            my ( $from, $at, $desc ) = @$key;
            my ( $one, $other ) = ( $a->[$from][$at], $b->[$from][$at] );
            $order =
              defined $one && defined $other
              ? CPANBridge::Compat::DBI::NanoParser::compare( $one, $other )
              : defined($one) - defined $other;
            $order = -$order if $desc;
            last if $order;
        }
        $order;
    } @$results;
    return;
}

# What a table has to start with. Whoever inherits from it reads and writes rows.
package    # not to be indexed
  DBI::SQL::Nano::Table_;

use strict;
use warnings;

sub new {
    my ( $class, $attributes ) = @_;
    my $self = bless $attributes || {}, $class;
    if ( !$self->{col_nums} ) {
        my $names = $self->{col_names} || [];
        $self->{col_nums} = { map { ( $names->[$_] => $_ ) } 0 .. $#$names };
    }
    return $self;
}

sub row { return $_[0]{row} }

sub col_names { return $_[0]{col_names} }

sub col_nums { return $_[0]{col_nums} }

sub column_num { return $_[0]{col_nums}{ $_[1] } }

sub column { my ( $self, $name ) = @_; return $self->row->[ $self->column_num($name) ] }

my %CAN = map { $_ => $_ } qw(insert_new_row delete_one_row update_one_row update_specific_row);

sub capability {
    my ( $self, $name ) = @_;
    my $known = $self->{capabilities} ||= {};
    return $known->{$name} if exists $known->{$name};
    my $any = sub {
        for my $one (@_) { return 1 if $self->capability($one) }
        return '';
    };
    return $known->{$name} =
        $CAN{$name}                   ? !!$self->can($name)
      : $name eq 'update_current_row' ? $self->can($name) && $self->capability('inplace_update')
      : $name eq 'delete_current_row' ? $self->can($name) && $self->capability('inplace_delete')
      : $name eq 'rowwise_update'     ? $any->(qw(update_one_row update_specific_row update_current_row))
      : $name eq 'rowwise_delete'     ? $any->(qw(delete_one_row delete_current_row))
      :                                 '';
}

for my $name (qw(drop fetch_row push_row push_names truncate seek)) {
    no strict 'refs';
    *$name = sub { Carp::croak( 'Abstract method ' . ref( $_[0] ) . "::$name called" ) };
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::NanoEngine - runs the statements of DBI::SQL::Nano

=head1 DESCRIPTION

Used by the replacement of L<DBI::SQL::Nano>; programs have no need of it. Here are the classes C<DBI::SQL::Nano::Statement_>
and C<DBI::SQL::Nano::Table_>, from which drivers inherit where SQL::Statement is not installed.

=head1 METHODS OF STATEMENTS

=head2 new

=head2 prepare

Take a statement as text; they die if it cannot be parsed.

=head2 execute

    my $rows = $statement->execute( $data, \@values );

Opens the table and does what the statement says. Returns the number of rows.

=head2 command

=head2 params

=head2 errstr

=head2 open_table

=head2 open_tables

=head2 fetch_row

=head2 fetch

=head2 fetch_rows

=head2 CREATE

=head2 DROP

=head2 INSERT

=head2 UPDATE

=head2 DELETE

=head2 SELECT

=head1 METHODS OF TABLES

=head2 row

=head2 col_names

=head2 col_nums

=head2 column_num

=head2 column

=head2 capability

=cut
