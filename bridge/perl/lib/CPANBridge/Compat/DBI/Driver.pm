package CPANBridge::Compat::DBI::Driver;

use strict;
use warnings;

use Carp ();
use Scalar::Util ();

use CPANBridge::Compat::DBI::Handle;
use CPANBridge::Compat::DBI::Report;

our $VERSION = '0.1.0';

$Carp::Internal{$_}++ for qw(DBD::_::common DBD::_::dr);


# What all handles have in common, and what drivers may override. $h is always the inner handle here.

package    # not to be indexed
  DBD::_::common;

use strict;
use warnings;

my $outer = \&CPANBridge::Compat::DBI::Handle::outer;

my %BOOLEAN = map { $_ => 1 } qw(
  Warn CompatMode InactiveDestroy AutoInactiveDestroy PrintError PrintWarn RaiseError RaiseWarn ShowErrorStatement
  ChopBlanks LongTruncOk TaintIn TaintOut Executed BegunWork
);

# Attributes that are kept as they are given.
my %PLAIN = map { $_ => 1 } qw(
  LongReadLen ErrCount ReadOnly CachedKids RootClass DbTypeSubclass Name Username Statement NUM_OF_PARAMS NAME
  NAME_lc NAME_uc NAME_hash NAME_lc_hash NAME_uc_hash TYPE PRECISION SCALE NULLABLE CursorName RowsInCache RowCacheSize
  ParamValues ParamTypes ParamArrays Version Attribution Kids ActiveKids ChildHandles DebugDispatch
);

# What may be asked for although nobody has set it.
my %KNOWN = map { $_ => 1 } keys %PLAIN, keys %BOOLEAN,
  qw(Active HandleError HandleSetErr Callbacks Profile Driver Database NUM_OF_FIELDS AutoCommit);

sub isa {
    my ( $h, $class ) = @_;
    return 1 if UNIVERSAL::isa( $h, $class );
    return ref $h && Scalar::Util::reftype($h) eq 'HASH' && $h->{Type} && $class eq "DBI::$h->{Type}" ? 1 : '';
}

sub FETCH {
    my ( $h, $name ) = @_;
    if ( exists $h->{$name} ) {
        my $value = $h->{$name};
        return $value if defined $value && !ref $value && $name !~ /^Taint/;
        return $outer->($value) if $name eq 'Driver' || $name eq 'Database';
        return $value if defined $value && $name ne 'Taint';
    }
    if ( $name =~ /^NAME_/ && $h->{Type} eq 'st' ) { return _names( $h, $name ) }
    return $h->{Database} && $outer->( $h->{Database}{Driver} ) if $name eq 'Driver';
    return $h->{TaintIn} && $h->{TaintOut} ? 1 : !1 if $name eq 'Taint';
    return $h->{ChildHandles} = [] if $name eq 'ChildHandles';
    return !1 if $BOOLEAN{$name} && !defined $h->{$name};
    return $h->{$name} if $KNOWN{$name} || $name =~ /^(?:_|[a-z]|Err|State|Taint|Driver$)/;
    Carp::carp( sprintf "Can't get %s->{%s}: unrecognised attribute name", $h->{_h} || $h, $name );
    return;
}

sub _names {
    my ( $h, $name ) = @_;
    my $names = $h->FETCH('NAME') or return;
    my @names =
        $name =~ /_lc/ ? map { lc } @$names
      : $name =~ /_uc/ ? map { uc } @$names
      :                  @$names;
    return $h->{$name} = \@names if $name !~ /_hash/;
    my %at;
    @at{@names} = 0 .. $#names;
    return $h->{$name} = \%at;
}

sub STORE {
    my ( $h, $name, $value ) = @_;
    if ( $BOOLEAN{$name} ) {
        $h->{$name} = $value ? 1 : !1;
        delete $h->{_fast} if $name eq 'ChopBlanks';
        CPANBridge::Compat::DBI::Handle::slow_or_not($h) if $name =~ /^Taint/;
    }
    elsif ( $name eq 'Active' ) { CPANBridge::Compat::DBI::Handle::set_active( $h, $value ) }
    elsif ( $name eq 'AutoCommit' ) {

        # A driver that deals with it says so by -901 (on) and -900 (off).
        if ( defined $value && ( $value eq '-901' || $value eq '-900' ) ) { $h->{AutoCommit} = $value eq '-901' ? 1 : !1 }
        elsif ( !$value ) { Carp::croak("Can't disable AutoCommit: the driver does not support transactions") }
        else              { $h->{AutoCommit} = 1 }
    }
    elsif ( $name eq 'TraceLevel' ) { $h->trace($value) if defined $value }
    elsif ( $name eq 'Taint' ) { $h->STORE( $_ => $value ) for 'TaintIn', 'TaintOut' }
    elsif ( $name eq 'HandleError' || $name eq 'HandleSetErr' ) {
        Carp::croak("Can't set $name to '$value': it must be a reference to a sub")
          if $value && ( ref $value ne 'CODE' && !( Scalar::Util::blessed($value) && Scalar::Util::reftype($value) eq 'CODE' ) );
        $h->{$name} = $value;
    }
    elsif ( $name eq 'FetchHashKeyName' ) {
        Carp::croak("Can't set FetchHashKeyName to '$value': it must be NAME, NAME_lc or NAME_uc")
          if $value !~ /\ANAME(?:_[lu]c)?\z/;
        $h->{$name} = $value;
    }
    elsif ( $name eq 'Callbacks' ) {
        Carp::croak("Can't set Callbacks to '$value': it must be a reference to a hash")
          if defined $value && ref $value ne 'HASH';
        $h->{$name} = $value;
        CPANBridge::Compat::DBI::Handle::slow_or_not($h);
    }
    elsif ( $name eq 'Profile' ) {
        if ( defined $value ) {
            require CPANBridge::Compat::DBI::Profiling;
            $value = CPANBridge::Compat::DBI::Profiling::from($value);
            CPANBridge::Compat::DBI::Profiling::watch();
        }
        $h->{$name} = $value;
        CPANBridge::Compat::DBI::Handle::slow_or_not($h);
    }
    elsif ( $name eq 'NUM_OF_FIELDS' ) {
        $h->{$name} = $value;
        if ( $h->{_fbav} ) {
            $#{ $h->{_bound} } = $value - 1 if $h->{_bound} && @{ $h->{_bound} } > $value;
            CPANBridge::Compat::DBI::Statement::make_row($h);
        }
    }
    elsif ( $PLAIN{$name} ) {
        delete @$h{ grep { /^NAME_/ } keys %$h } if $name eq 'NAME';
        $h->{$name} = $value;
    }
    elsif ( $name =~ /^(?:_|[a-z])/ || $name =~ /^(?:Err|Errstr|State)\z/ ) { $h->{$name} = $value }
    else {
        Carp::carp( sprintf "Can't set %s->{%s}: unrecognised attribute name or invalid value %s",
            $h->{_h} || $h, $name, CPANBridge::Compat::DBI::Values::neat($value) );
    }
    return 1;
}

sub EXISTS { return defined $_[0]->FETCH( $_[1] ) }

# Only what the program keeps there for itself can go.
sub DELETE {
    my ( $h, $name ) = @_;
    return $h->FETCH($name) if $name !~ /^private_/;
    return delete $h->{$name};
}

sub CLEAR { Carp::carp("Can't clear a handle of DBI"); return }

# A handle shows nothing of itself to keys, each and Data::Dumper: its attributes are asked for by name.
sub FIRSTKEY { return }

sub NEXTKEY { return }

sub FETCH_many { my $h = shift; return map { $h->FETCH($_) } @_ }

sub err { return $_[0]{_e}[0] }

sub errstr { return $_[0]{_e}[1] }

sub state {
    my $state = $_[0]{_e}[2];
    return !defined $state || $state eq '00000' ? '' : $state;
}

sub set_err {
    my ( $h, $err, $errstr, $state, $method, @value ) = @_;
    my $handler = $h->{HandleSetErr};
    if ($handler) {
        my @given = ( $h->{_h} || $h, $err, $errstr, $state, $method );
        return if $handler->(@given);
        ( $err, $errstr, $state, $method ) = @given[ 1 .. 4 ];
    }
    if ( !defined $err ) {
        @{ $h->{_e} } = ();
        return;
    }
    $CPANBridge::Compat::DBI::Handle::ERRORS++ if length $err;
    $h->{ErrCount}++ if $err;
    CPANBridge::Compat::DBI::Report::record( $h->{_e}, $err, $errstr, $state );
    $h->{dbi_set_err_method} = $method if defined $method;

    # An attribute was set, and no method was called: nobody else is going to look at the error.
    if ( length $err && !$h->{_depth} && !( $h->{_parent} && $h->{_parent}{_depth} ) ) {
        my @where = caller 1;
        CPANBridge::Compat::DBI::Report::failure( $h->{_h} || $h, $h, 'STORE', 0, [], @where[ 1, 2 ] );
    }
    return @value ? $value[0] : undef;
}

sub func {
    my ( $h, @args ) = @_;
    my $name = pop @args;
    my $code = UNIVERSAL::can( $h, $name )
      or return $h->set_err( 1, qq(Can't locate DBI object method "$name" via package ") . ref($h) . '"' );
    return $code->( $h, @args );
}

sub trace {
    my ( $h, $level, $file ) = @_;
    my $old = $h->{TraceLevel} || 0;
    CPANBridge::Compat::DBI::Report::trace_to($file) if @_ > 2;
    if ( defined $level ) {
        $h->{TraceLevel} = $h->parse_trace_flags($level);
        CPANBridge::Compat::DBI::Handle::slow_or_not($h);
    }
    return $old;
}

sub debug { my $h = shift; return $h->trace(@_) }

sub trace_msg {
    my ( $h, $message, $least ) = @_;
    return '' if CPANBridge::Compat::DBI::Report::level( ref $h ? $h : {} ) < ( defined $least ? $least : 1 );
    CPANBridge::Compat::DBI::Report::trace_write($message);
    return 1;
}

my %FLAG = ( SQL => 0x100, CON => 0x200, ENC => 0x400, DBD => 0x800, TXN => 0x1000, ALL => 0x7FFFFFFF );

sub parse_trace_flag {
    my ( $h, $name ) = @_;
    return $FLAG{ uc $name };
}

sub parse_trace_flags {
    my ( $h, $spec ) = @_;
    my ( $level, $flags, @unknown ) = ( 0, 0 );
    for my $word ( split /\s*[|&,]\s*/, $spec ) {
        if   ( $word =~ /\A\d+\z/ )                           { $level |= $word & 0xF; $flags |= $word & ~0xF }
        elsif ( defined( my $bit = $h->parse_trace_flag($word) ) ) { $flags |= $bit }
        else                                                  { push @unknown, $word }
    }
    Carp::carp( ( ref $h || $h ) . "->parse_trace_flags($spec) ignored unknown trace flags: @unknown" ) if @unknown;
    return $level | $flags;
}

sub dump_handle {
    my ( $h, $message, $level ) = @_;
    $h = CPANBridge::Compat::DBI::Handle::inner($h);
    CPANBridge::Compat::DBI::Report::trace_write( defined $message ? "$message\n" : '',
        map { sprintf "  %s: %s\n", $_, CPANBridge::Compat::DBI::Values::neat( $h->{$_} ) } grep { !/^_/ } sort keys %$h );
    return;
}

sub private_data { return $_[0]{_imp_data} }

sub private_attribute_info { return }

sub visit_child_handles {
    my ( $h, $visitor, $info ) = @_;
    $info = {} if !defined $info;
    for my $child ( @{ $h->FETCH('ChildHandles') || [] } ) {
        next if !$child;
        my $deeper = $visitor->( $child, $info ) or next;
        CPANBridge::Compat::DBI::Handle::inner($child)->visit_child_handles( $visitor, $deeper );
    }
    return $info;
}

sub swap_inner_handle {
    my ( $h, $other, $force ) = @_;
    my $theirs = CPANBridge::Compat::DBI::Handle::inner($other);
    return $h->set_err( 2, "Can't swap_inner_handle between $h->{Type}h and $theirs->{Type}h" )
      if $h->{Type} ne $theirs->{Type};
    return $h->set_err( 2, "Can't swap_inner_handle with handle from different parent" )
      if !$force && ( $h->{_parent} || 0 ) != ( $theirs->{_parent} || 0 );
    my ( $here, $there ) = ( $h->{_h}, $theirs->{_h} );
    no warnings 'untie';
    untie %$_ for $here, $there;
    tie %$here,  'CPANBridge::Compat::DBI::Handle::Tie', $theirs;
    tie %$there, 'CPANBridge::Compat::DBI::Handle::Tie', $h;
    Scalar::Util::weaken( $theirs->{_h} = $here );
    Scalar::Util::weaken( $h->{_h}      = $there );
    return 1;
}

# Class methods: DBD::X::db->install_method('x_name') makes a method of all handles.
sub install_method {
    my ( $class, $name, $attributes ) = @_;
    my ($kind) = $class =~ /::(dr|db|st)\z/
      or Carp::croak("install_method must be called on a driver's class, not on $class");
    Carp::croak("Can't install_method '$name': the name must begin with the driver's prefix") if $name !~ /\A[a-z]+_\w+\z/;
    no strict 'refs';
    no warnings 'once';
    $DBI::installed_methods{"DBI::${kind}::$name"} ||= $attributes || {};
    return 1 if defined &{"DBI::${kind}::$name"};
    my $keeps = $attributes && ( $attributes->{O} || 0 ) & 4 ? CPANBridge::Compat::DBI::Handle::KEEP() : 0;
    *{"DBI::${kind}::$name"} = CPANBridge::Compat::DBI::Handle::dispatcher( $kind, $name, undef, undef, '', $keeps );
    return 1;
}

sub DESTROY { return }

package    # not to be indexed
  DBD::_::dr;

use strict;
use warnings;

our @ISA = 'DBD::_::common';

sub default_user {
    my ( $drh, $user, $password ) = @_;
    $user     = $ENV{DBI_USER} if !defined $user;
    $password = $ENV{DBI_PASS} if !defined $password;
    return ( $user, $password );
}

# Enough for drivers that have nothing to connect to.
sub connect {
    my ( $drh, $name, $user, $password ) = @_;
    my ( $outer, $dbh ) = DBI::_new_dbh( $drh, { Name => $name } );
    $dbh->STORE( Active => 1 );
    return $outer;
}

sub connect_cached {
    my ( $drh, $dsn, $user, $password, $attributes ) = @_;
    my $cache = $drh->{CachedKids} ||= {};
    my %wanted = %{ $attributes || {} };
    my $handle = $drh->{_h};
    my $key = join "!\001", map { defined $_ ? $_ : '' } $dsn, $user, $password,
      map { ( $_, ref $wanted{$_} ? Scalar::Util::refaddr( $wanted{$_} ) : $wanted{$_} ) } sort keys %wanted;
    my $call = sub {
        my ( $name, $dbh ) = @_;
        my $callback = $wanted{Callbacks} && $wanted{Callbacks}{"connect_cached.$name"} or return;
        local $_ = "connect_cached.$name";
        return $callback->( $dbh, $dsn, $user, $password, $attributes );
    };
    my $dbh = $cache->{$key};
    if ( $dbh && $dbh->FETCH('Active') && eval { $dbh->ping } ) {
        $call->( 'reused', $dbh );
        $dbh->STORE( $_ => $wanted{$_} ) for grep { $_ ne 'Callbacks' } keys %wanted;
        return $dbh;
    }
    $call->( 'new', $dbh );
    undef $dbh;
    $dbh = $handle->connect( $dsn, $user, $password, $attributes );
    delete $cache->{$key};
    $cache->{$key} = $dbh if $dbh;
    $call->( 'connected', $dbh ) if $dbh;
    return $dbh;
}

sub data_sources { return }

sub dbixs_revision { return 15_213 }

sub rows { return 0 }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Driver - what every handle of DBI can do, and what driver handles can

=head1 DESCRIPTION

Used by the replacement of L<DBI>; programs have no need of it. Here are the classes C<DBD::_::common> and C<DBD::_::dr>
that drivers inherit from. The methods are called on inner handles; what they do for programs is described in L<DBI>.

=head1 METHODS OF ALL HANDLES

=head2 isa

=head2 FETCH

=head2 STORE

=head2 EXISTS

=head2 DELETE

=head2 CLEAR

=head2 FIRSTKEY

=head2 NEXTKEY

=head2 FETCH_many

=head2 err

=head2 errstr

=head2 state

=head2 set_err

=head2 func

=head2 trace

=head2 debug

=head2 trace_msg

=head2 parse_trace_flag

=head2 parse_trace_flags

=head2 dump_handle

=head2 private_data

=head2 private_attribute_info

=head2 visit_child_handles

=head2 swap_inner_handle

=head2 install_method

=head1 METHODS OF DRIVER HANDLES

=head2 default_user

=head2 connect

=head2 connect_cached

=head2 data_sources

=head2 dbixs_revision

=head2 rows

=cut
