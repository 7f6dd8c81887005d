package DBD::Gofer;

use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use DBI ();
use DBI::Gofer::Request ();
use DBI::Gofer::Response ();

our $VERSION = '0.015327';

$Carp::Internal{$_}++ for 'DBD::Gofer', map { "DBD::Gofer::$_" } qw(dr db st);

our $drh;

sub driver {
    my ( $class, $attributes ) = @_;
    return $drh if $drh;
    DBD::Gofer::db->install_method($_) for qw(go_cache go_dbh_method);
    DBD::Gofer::st->install_method('go_cache');
    return $drh = DBI::_new_drh(
        "${class}::dr",
        {
            Name        => 'Gofer',
            Version     => $VERSION,
            Attribution => 'the interface of DBD::Gofer, by CPANBridge',
        }
    );
}

sub CLONE { undef $drh; return }

# Loads a class that an attribute names, in full or without the prefix.
sub _class {
    my ( $prefix, $name ) = @_;
    my $class = $name =~ /::/ ? $name : "$prefix$name";
    die "'$name' is not the name of a class\n" if $class !~ /\A\w+(?:::\w+)*\z/;
    ( my $file = "$class.pm" ) =~ s{::}{/}g;
    require $file if !$class->can('new');
    return $class;
}

# A hash without what is Gofer's own, and a hash of that.
sub _apart {
    my ($attributes) = @_;
    my ( %other, %own );
    for my $name ( keys %{ $attributes || {} } ) { ( $name =~ /\Ago_/ ? \%own : \%other )->{$name} = $attributes->{$name} }
    return ( \%other, \%own );
}

# What the handle or the call says of an item, or else the policy.
sub _policy {
    my ( $h, $own, $item, @of ) = @_;
    return $own->{"go_$item"} if exists $own->{"go_$item"};
    return $h->{"go_$item"}   if exists $h->{"go_$item"};
    return $h->{go_policy}->$item(@of);
}

# A value as it can be sent: objects as the text that a driver would take them for.
sub _plain {
    my ($value) = @_;
    my $kind = ref $value or return $value;
    return "$value" if Scalar::Util::blessed($value);
    return $kind eq 'ARRAY' ? [ map { _plain($_) } @$value ] : $kind eq 'HASH' ? { map { $_ => _plain( $value->{$_} ) } keys %$value } : $value;
}

sub _set_error {
    my ( $h, $response ) = @_;
    my ( $err, $errstr, $state ) = $response->err_errstr_state;
    warn ref $_ ? "$_\n" : $_ for @{ $response->warnings || [] };
    $h->set_err( $err, $errstr, $state ) if defined $err;
    return;
}

# Sends a request for a database handle; returns the answer, or nothing after an error of the handle.
sub _request {
    my ( $dbh, $h, $fields, $meta ) = @_;
    my $transport = $dbh->{go_transport} or return $h->set_err( 1, 'DBD::Gofer: the database handle is not connected', '08003' );
    my ( $dsn, $user, $password, $attributes ) = @{ $dbh->{go_connection} };
    my $connect = _policy( $dbh, {}, 'connect_method', $dsn, $attributes ) || 'connect';
    my $request = DBI::Gofer::Request->new( { dbh_connect_call => [ $connect, $dsn, $user, $password, $attributes ], %{ _plain($fields) }, meta => $meta } );
    my $when = _policy( $dbh, {}, 'dbh_attribute_update' ) || 'none';
    $request->dbh_attributes( _policy( $dbh, {}, 'dbh_attribute_list' ) ) if $when eq 'every' || $when eq 'first' && !$dbh->{go_told};
    $dbh->{go_request_count}++;
    $dbh->{go_request} = $request;
    my $send     = sub { return $transport->transmit_request($request) };
    my $response = $send->() || $transport->receive_response( $request, $send );
    $dbh->{go_response} = $h->{go_response} = $response;
    _take_attributes( $dbh, $response->dbh_attributes ) if $response->dbh_attributes;
    $dbh->{go_last_insert_id} = $response->last_insert_id if exists $response->{last_insert_id};
    _set_error( $h, $response );
    return $response;
}

# Attributes of the remote handle.
sub _take_attributes {
    my ( $dbh, $found ) = @_;
    $dbh->{go_told} = 1 if exists $found->{dbi_default_methods};
    my %found = %$found;
    my $installed = delete $found{dbi_installed_methods};
    delete @found{ grep { !/\A(?:[A-Z][A-Za-z]*|[a-z]+_\w+)\z/ } keys %found };
    @$dbh{ keys %found } = values %found;
    for my $name ( map { /\ADBI::db::([a-z]+_\w+)\z/ ? $1 : () } keys %{ $installed || {} } ) {
        next if DBD::Gofer::db->can($name);
        DBD::Gofer::db->install_method($name);
        no strict 'refs';
        *{"DBD::Gofer::db::$name"} = sub { my ( $h, @arguments ) = @_; return DBD::Gofer::db::_remote( $h, undef, $name, @arguments ) };
    }
    return;
}

package    # not to be indexed
  DBD::Gofer::dr;

use strict;
use warnings;

our $imp_data_size = 0;

# What the remote handle has no use for, or could not have.
my %NOT_SENT = map { $_ => 1 } qw(Callbacks DbTypeSubclass HandleError HandleSetErr Profile RootClass dbi_connect_method dbi_imp_data);

sub connect {
    my ( $drh, $dsn, $user, $password, $attributes ) = @_;
    my ( $words, $remote ) = $dsn =~ /\A(?:(.*?);)?dsn=(.*)\z/s
      or return $drh->set_err( $DBI::stderr, "No dsn= argument in '$dsn'", '08001' );
    $words = '' if !defined $words;
    my ( $other, $own ) = DBD::Gofer::_apart($attributes);
    for my $word ( split /;/, $words ) {
        my ( $name, $value ) = $word =~ /\A\s*(\w+)\s*=\s*(.*?)\s*\z/s
          or return $drh->set_err( $DBI::stderr, "'$word' in '$dsn' is not of the form name=value", '08001' );
        $name = "go_$name" if $name !~ /\Ago_/;
        $own->{$name} = $value if !exists $own->{$name};
    }
    return $drh->set_err( $DBI::stderr, "No transport= argument in '$dsn'", '08001' ) if !$own->{go_transport};
    return $drh->set_err( $DBI::stderr, 'AutoCommit cannot be off: DBD::Gofer has no transactions', '08001' )
      if exists $other->{AutoCommit} && !$other->{AutoCommit};

    my ( $policy, $transport );
    eval {
        local $SIG{__DIE__};
        $policy = $own->{go_policy};
        $policy = DBD::Gofer::_class( 'DBD::Gofer::Policy::', defined $policy && length $policy ? $policy : 'classic' )->new if !ref $policy;
        my $class = delete $own->{go_transport};
        $transport = ref $class ? $class : DBD::Gofer::_class( 'DBD::Gofer::Transport::', $class )->new( { %$own, go_dsn => $remote, go_policy => $policy } );
        $transport->go_cache;
        1;
    } or return $drh->set_err( $DBI::stderr, "DBD::Gofer: $@", '08001' );

    ( $user, $password ) = map { DBD::Gofer::_plain($_) } $user, $password;
    my %remote = map { $_ => DBD::Gofer::_plain( $other->{$_} ) } grep { !$NOT_SENT{$_} && ref $other->{$_} ne 'CODE' } keys %$other;
    my %items = map { $_ => $own->{$_} } grep { !/\Ago_(?:cache|policy|perl|url|timeout|retry_\w+)\z/ } keys %$own;
    my ( $outer, $dbh ) = DBI::_new_dbh( $drh, { Name => $words, %items } );
    @$dbh{qw(go_policy go_transport go_connection go_request_count)} = ( $policy, $transport, [ $remote, $user, $password, \%remote ], 0 );
    $dbh->{AutoCommit} = 1;
    $dbh->STORE( Active => 1 );
    return $outer if DBD::Gofer::_policy( $dbh, {}, 'skip_connect_check', $attributes, $dbh );
    DBD::Gofer::db::_remote( $dbh, undef, 'ping' );
    return $outer if !$dbh->{_e}[0];
    my @error = @{ $dbh->{_e} };
    $dbh->disconnect;
    return $drh->set_err(@error);
}

package    # not to be indexed
  DBD::Gofer::db;

use strict;
use warnings;

our $imp_data_size = 0;

# A method that the remote handle does, in the context that this one is called in.
sub _remote {
    my ( $dbh, $meta, $method, @arguments ) = @_;
    my $want = wantarray;
    my ( $last_id, $own );
    for my $argument ( grep { ref $_ eq 'HASH' } @arguments ) {
        ( $argument, $own ) = DBD::Gofer::_apart($argument);
        $last_id = $own->{go_last_insert_id_args} if $own->{go_last_insert_id_args};
        $meta = { %{ $meta || {} }, go_cache => $own->{go_cache} } if exists $own->{go_cache};
    }
    my %fields = ( dbh_method_call => [ $want, $method, @arguments ] );
    $fields{dbh_last_insert_id_args} = $last_id if $last_id;
    my $response = DBD::Gofer::_request( $dbh, $dbh, \%fields, $meta ) or return;
    return if $response->err;
    return _statement_of( $dbh, $method, $response ) if $response->sth_resultsets;
    my $rv = $response->rv;
    return $want ? @{ $rv || [] } : $rv->[0] if ref $rv eq 'ARRAY';
    return $rv;
}

# The statement that a method returned at the other end.
sub _statement_of {
    my ( $dbh, $method, $response ) = @_;
    my ( $outer, $sth ) = DBI::_new_sth( $dbh, { Statement => $method } );
    $sth->{go_resultsets} = [ @{ $response->sth_resultsets } ];
    $sth->_next_result or $sth->STORE( NUM_OF_PARAMS => 0 );
    return $outer;
}

sub go_dbh_method { my ( $dbh, $meta, $method, @arguments ) = @_; return _remote( $dbh, $meta, $method, @arguments ) }

sub go_cache { my ($dbh) = @_; return $dbh->{go_transport} && $dbh->{go_transport}->go_cache }

# Whether the remote driver has a method from DBI, so that it can be done here.
sub _is_default {
    my ( $dbh, $method ) = @_;
    return $dbh->{dbi_default_methods} && $dbh->{dbi_default_methods}{$method} && DBD::Gofer::_policy( $dbh, {}, 'skip_default_methods' );
}

for my $method (
    qw(column_info data_sources foreign_key_info get_info parse_trace_flag parse_trace_flags primary_key primary_key_info quote
    quote_identifier statistics_info table_info tables type_info type_info_all)
  )
{
    my $default = DBD::_::db->can($method);
    my $code = sub {
        my ( $dbh, @arguments ) = @_;
        goto &$default if _is_default( $dbh, $method );
        my $policy = $dbh->{go_policy};
        goto &$default if $policy->can("locally_$method") && DBD::Gofer::_policy( $dbh, {}, "locally_$method" );
        my $list = wantarray;
        return _remote( $dbh, undef, $method, @arguments )
          if !$policy->can("cache_$method") || !DBD::Gofer::_policy( $dbh, {}, "cache_$method" );
        my $key = join "\0", $method, $list ? 'list' : 'scalar', map { _as_key($_) } @arguments;
        my $kept = $dbh->{go_kept}{$key};
        if ( !$kept ) {
            my @result = $list ? _remote( $dbh, undef, $method, @arguments ) : scalar _remote( $dbh, undef, $method, @arguments );

            # A statement is read once.
            return $list ? @result : $result[0] if $dbh->{_e}[0] || grep { ref && ref ne 'ARRAY' && ref ne 'HASH' } @result;
            $kept = $dbh->{go_kept}{$key} = \@result;
        }
        return $list ? @$kept : $kept->[0];
    };
    no strict 'refs';
    *$method = $code;
}

sub _as_key {
    my ($value) = @_;
    return 'undef' if !defined $value;
    return ref $value eq 'HASH' ? '{' . DBI::_concat_hash_sorted( $value, '=', ',', 0, 0 ) . '}' : ref $value eq 'ARRAY' ? '[' . join( ',', map { _as_key($_) } @$value ) . ']' : "'$value'";
}

sub connected { $_[0]{go_ready} = 1; return 1 }

sub ping {
    my ($dbh) = @_;
    return 0 if !$dbh->{Active} || !$dbh->{go_transport};
    return 1 if DBD::Gofer::_policy( $dbh, {}, 'skip_ping' );
    return _remote( $dbh, undef, 'ping' ) ? 1 : 0;
}

sub do {
    my ( $dbh, $statement, $attributes, @values ) = @_;
    delete $dbh->{go_last_insert_id};
    return scalar _remote( $dbh, undef, 'do', $statement, $attributes, @values );
}

sub func {
    my ( $dbh, @arguments ) = @_;
    return $dbh->SUPER::func(@arguments) if DBD::_::common->can( $arguments[-1] );
    return _remote( $dbh, undef, 'func', @arguments );
}

sub last_insert_id { my ($dbh) = @_; return $dbh->{go_last_insert_id} }

for my $method (qw(begin_work commit rollback)) {
    no strict 'refs';
    *$method = sub { my ($dbh) = @_; return $dbh->set_err( $DBI::stderr, "$method is not available: DBD::Gofer has no transactions" ) };
}

sub prepare {
    my ( $dbh, $statement, $attributes ) = @_;
    my ( $other, $own ) = DBD::Gofer::_apart($attributes);
    my $method = DBD::Gofer::_policy( $dbh, $own, 'prepare_method', $dbh, $statement, $attributes ) || 'prepare';
    my ( $outer, $sth ) = DBI::_new_sth( $dbh, { Statement => $statement, %$own } );
    $sth->STORE( NUM_OF_PARAMS => 0 );
    $sth->{go_prepare} = [ 0, $method, $statement, $attributes && $other ];
    return $outer if DBD::Gofer::_policy( $dbh, $own, 'skip_prepare_check', $attributes, $dbh, $statement, $attributes, $sth );
    my $response = DBD::Gofer::_request( $dbh, $dbh, { dbh_method_call => $sth->{go_prepare}, sth_result_attr => {} } ) or return;
    return if $response->err;
    if ( my $set = ( $response->sth_resultsets || [] )->[0] ) { delete $set->{rowset}; $sth->_describe($set) }
    return $outer;
}

sub FETCH {
    my ( $dbh, $name ) = @_;
    return 1 if $name eq 'AutoCommit';
    return $dbh->SUPER::FETCH($name) if exists $dbh->{$name} || $name !~ /\A[a-z]/ || $name =~ /\A(?:go|dbi|private)_/ || !$dbh->{go_transport};
    return scalar _remote( $dbh, undef, 'FETCH', $name );
}

# What this side of the connection deals with.
my %OURS = map { $_ => 1 } qw(
  Active AutoInactiveDestroy CachedKids Callbacks CompatMode ErrCount Executed FetchHashKeyName HandleError HandleSetErr
  InactiveDestroy PrintError PrintWarn Profile RaiseError RaiseWarn RootClass RowCacheSize ShowErrorStatement Statement Taint
  TaintIn TaintOut TraceLevel Username Warn
);

sub STORE {
    my ( $dbh, $name, $value ) = @_;
    if ( $name eq 'AutoCommit' ) {
        Carp::croak('AutoCommit cannot be off: DBD::Gofer has no transactions') if !$value;
        return $dbh->SUPER::STORE( AutoCommit => -901 );
    }
    return $dbh->SUPER::STORE( $name, $value ) if $OURS{$name} || $name =~ /\A(?:_|go_|dbi_|private_)/;
    my $connection = $dbh->{go_connection};

    # connect sets what went to the other end with the request.
    if ( !$dbh->{go_ready} || !defined $value && !defined $dbh->{$name} || defined $value && defined $dbh->{$name} && $value eq $dbh->{$name} ) {
        $dbh->{$name} = $value;
        return 1;
    }
    return $dbh->set_err( $DBI::stderr, "Can't alter the attribute $name of a handle of DBD::Gofer: give it to connect" );
}

sub disconnect {
    my ($dbh) = @_;
    delete $dbh->{go_transport};
    $dbh->STORE( Active => 0 );
    return 1;
}

sub DESTROY { return }

package    # not to be indexed
  DBD::Gofer::st;

use strict;
use warnings;

our $imp_data_size = 0;

sub go_cache {
    my ($sth) = @_;
    my $dbh = $sth->{Database};
    return exists $sth->{go_cache} ? $sth->{go_cache} = DBD::Gofer::Transport::Base::cache_of( $sth->{go_cache} ) : $dbh->go_cache;
}

# What is known of a result without its rows.
sub _describe {
    my ( $sth, $set ) = @_;
    my %about = %$set;
    my $fields = delete $about{NUM_OF_FIELDS};
    delete @about{qw(rowset err errstr state ArrayTupleStatus)};
    $sth->STORE( NUM_OF_PARAMS => delete $about{NUM_OF_PARAMS} || 0 );
    $sth->STORE( NUM_OF_FIELDS => $fields ) if defined $fields && ( !defined $sth->{NUM_OF_FIELDS} || $sth->{NUM_OF_FIELDS} != $fields );
    $sth->STORE( NAME => delete $about{NAME} ) if $about{NAME};
    delete @about{ grep { !/\A(?:[A-Z]+|[a-z]+_\w+)\z/ } keys %about };
    @$sth{ keys %about } = values %about;
    return;
}

# Goes on to the next result, if there is one.
sub _next_result {
    my ($sth) = @_;
    my $set = shift @{ $sth->{go_resultsets} || [] } or return 0;
    $sth->_describe($set);
    delete @$sth{qw(_rows _fetched)};
    if ( my $rows = $set->{rowset} ) {
        $sth->{go_rows}  = @$rows;
        $sth->{_rows}    = [@$rows];
        $sth->{_fetched} = 0;
        $sth->STORE( Active => 1 );
    }
    $sth->set_err( @$set{qw(err errstr state)} ) if $set->{err};
    return 1;
}

sub bind_param {
    my ( $sth, $name, $value, $attributes ) = @_;
    $sth->{go_bound}{$name} = [ $name, $value, defined $attributes ? $attributes : ( $sth->{go_bound}{$name} || [] )->[2] ];
    return 1;
}

sub bind_param_inout { my ($sth) = @_; return $sth->set_err( $DBI::stderr, 'bind_param_inout is not available: DBD::Gofer sends values' ) }

sub bind_param_array {
    my ( $sth, $name, $values, $attributes ) = @_;
    return $sth->set_err( $DBI::stderr, "Value for parameter $name must be a scalar or an arrayref, not a " . ref $values )
      if ref $values && ref $values ne 'ARRAY';
    $sth->{ParamArrays}{$name} = $values;
    $sth->{go_bound_arrays}{$name} = [ $name, $values, $attributes ];
    return 1;
}

sub _sorted { my ($bound) = @_; return map { $bound->{$_} } sort { CPANBridge::Compat::DBI::Values::by_number_or_name( $a, $b ) } keys %{ $bound || {} } }

# Has the statement prepared and the calls done; returns what the last of them does.
sub _run {
    my ( $sth, @calls ) = @_;
    my $dbh = $sth->{Database};
    $sth->finish if $sth->{Active};
    delete @$sth{qw(_rows _fetched go_rows go_resultsets go_response)};
    my %fields = ( dbh_method_call => $sth->{go_prepare}, sth_method_calls => \@calls, sth_result_attr => {} );
    $fields{dbh_last_insert_id_args} = $sth->{go_last_insert_id_args} if $sth->{go_last_insert_id_args};
    my $meta = exists $sth->{go_cache} ? { go_cache => $sth->{go_cache} } : undef;
    my $response = DBD::Gofer::_request( $dbh, $sth, \%fields, $meta ) or return;
    $sth->{go_resultsets} = [ @{ $response->sth_resultsets || [] } ];
    if ( $response->err ) {
        my $set = shift @{ delete $sth->{go_resultsets} };
        $sth->_describe($set) if $set;
        return;
    }
    $sth->{go_rv} = $response->rv;
    $sth->_next_result;
    return $response->rv;
}

sub execute {
    my ( $sth, @values ) = @_;
    my $at = 0;
    for my $value (@values) { $sth->bind_param( ++$at, $value ) }
    return $sth->_run( ( map { [ bind_param => @$_ ] } _sorted( $sth->{go_bound} ) ), ['execute'] );
}

sub execute_array {
    my ( $sth, $attributes, @arrays ) = @_;
    my %wishes = %{ $attributes || {} };

    # Tuples that come from a sub are sent one by one.
    return $sth->SUPER::execute_array( $attributes, @arrays ) if $wishes{ArrayTupleFetch};
    my $status = $wishes{ArrayTupleStatus};
    return $sth->set_err( $DBI::stderr, 'ArrayTupleStatus attribute must be an arrayref' ) if $status && ref $status ne 'ARRAY';
    $wishes{ArrayTupleStatus} = [] if $status;
    my @bound = @arrays ? () : map { [ bind_param_array => @$_ ] } _sorted( $sth->{go_bound_arrays} );
    my $rv = $sth->_run( @bound, [ execute_array => \%wishes, @arrays ] );
    if ($status) {
        my $set = ( ( $sth->{go_response} && $sth->{go_response}->sth_resultsets ) || [] )->[0] || {};
        @$status = @{ $set->{ArrayTupleStatus} || [ defined $rv && $rv =~ /\A\d+\z/ ? (-1) x $rv : () ] };
    }
    return wantarray ? ( $rv, -1 ) : $rv;
}

sub rows {
    my ($sth) = @_;
    return $sth->{go_rows} if defined $sth->{go_rows};
    return defined $sth->{go_rv} && $sth->{go_rv} =~ /\A-?\d/ ? 0 + $sth->{go_rv} : -1;
}

sub fetch {
    my ($sth) = @_;
    my $rows = $sth->{_rows};
    my $row = $rows && shift @$rows;
    if ( !$row ) {
        $sth->finish;
        return;
    }
    return $sth->_set_fbav($row);
}
{ no warnings 'once'; *fetchrow_arrayref = \&fetch }

sub _fetch_rows {
    my ( $sth, $most ) = @_;
    my $rows = $sth->{_rows} || [];
    my @all = splice @$rows, 0, defined $most && $most < @$rows ? $most : scalar @$rows;
    $sth->{_fetched} += @all;
    if ( $sth->{ChopBlanks} ) {
        for my $row (@all) { defined && s/ +\z// for @$row }
    }
    $sth->finish if !@$rows && !( defined $most && @all == $most );
    return [ map { [@$_] } @all ];
}

sub finish {
    my ($sth) = @_;
    delete $sth->{_rows};
    return $sth->SUPER::finish;
}

sub more_results { my ($sth) = @_; return $sth->_next_result }

sub FETCH {
    my ( $sth, $name ) = @_;
    return $sth->{go_bound} && { map { $_ => $sth->{go_bound}{$_}[1] } keys %{ $sth->{go_bound} } } if $name eq 'ParamValues';
    return $sth->SUPER::FETCH($name);
}

my %OURS_OF_STATEMENTS = map { $_ => 1 } qw(
  Active AutoInactiveDestroy Callbacks ChopBlanks CompatMode ErrCount Executed FetchHashKeyName HandleError HandleSetErr
  InactiveDestroy NAME NUM_OF_FIELDS NUM_OF_PARAMS PrintError PrintWarn Profile RaiseError RaiseWarn ShowErrorStatement
  Statement Taint TaintIn TaintOut TraceLevel Warn
);

sub STORE {
    my ( $sth, $name, $value ) = @_;
    return $sth->SUPER::STORE( $name, $value ) if $OURS_OF_STATEMENTS{$name} || $name =~ /\A(?:_|go_|dbi_|private_)/;
    return $sth->set_err( $DBI::stderr, "Can't alter the attribute $name of a statement of DBD::Gofer: give it to prepare" );
}

sub DESTROY { return }

1;

__END__

=encoding utf8

=head1 NAME

DBD::Gofer - databases by way of another process or machine, served by CPANBridge where the real DBI is not installed

=head1 SYNOPSIS

    # every driver of the original DBI on another machine, over ssh
    my $dbh = DBI->connect( 'dbi:Gofer:transport=stream;url=ssh:me@db.example.com;dsn=dbi:Oracle:orcl', 'scott', $password,
        { RaiseError => 1 } );

    DBI_AUTOPROXY='dbi:Gofer:transport=stream;url=ssh:me@db.example.com' perl -MCPANBridge::Compat report.pl

    DBI_AUTOPROXY='dbi:Gofer:transport=null;cache=1' perl -MCPANBridge::Compat report.pl

=head1 DESCRIPTION

A driver that sends each request, whole, to a DBI elsewhere, and gets all rows back at once. No state is kept there. Requests and
answers are those of the original: either end may be the original DBI. Plain Perl; CPANBridge's daemon is asked only by the
drivers that need it, at the server's end.

=head1 COVERED

=over 4

=item Transports

C<null> (the same process), C<pipeone> (a process for each request), C<stream> (a process that stays, also over C<ssh>), and others
that inherit from L<DBD::Gofer::Transport::Base>.

=item Attributes of C<connect>

In the data source, or as C<go_...> in the attributes: C<transport>, C<dsn>, C<url>, C<policy>, C<timeout>, C<retry_limit>,
C<retry_hook>, C<cache>, C<perl>, and each item of a policy (C<go_skip_ping>). C<DBI_AUTOPROXY> sends all connections this way.

=item Policies

C<classic>, C<pedantic>, C<rush>, and classes of the program's own: L<DBD::Gofer::Policy::Base>.

=item Handles

All methods of DBI but those below, the remote driver's own methods and attributes of database handles, C<more_results>,
C<last_insert_id> after C<do> or C<prepare> with C<go_last_insert_id_args>, C<go_cache>, C<go_dbh_method>.

=back

=head1 NOT COVERED

Transactions (C<AutoCommit> is on), C<bind_param_inout>, changes of attributes after C<connect> or C<prepare>, the remote driver's own
methods of statements: none of them by the original. The transport C<corostream>.

=head1 KNOWN DIFFERENCES

Where both say something of an attribute, C<connect>'s attributes win over the data source's name. C<execute_array> returns the status of
each tuple where the server is ours; from the original's it cannot come, and is -1 for tuples that went well. The server's C<PrintError>
and C<RaiseError> are off, so error texts are the driver's alone.

=head1 METHODS

=head2 driver

=head1 SEE ALSO

L<DBI>, L<DBI::Gofer::Execute>, L<DBD::Gofer::Transport::Base>, L<DBI::Util::CacheMemory>

=cut
